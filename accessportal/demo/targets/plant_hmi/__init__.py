"""Operator screens of the demo plant, drawn with tkinter.

The package runs by itself (``python3 -m plant_hmi``) under any Python with tkinter and
imports nothing outside the standard library, so that the system's interpreter can show it.
"""
