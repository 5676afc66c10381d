"""The parts of the run script `./portal` that are written in Python.

Two stages. *Set-up* runs under the machine's own Python, before there is a virtual
environment, so everything it imports is in the standard library: `apt`, `system`,
`python_env`, `browser_files`. The *commands* (`commands/`) run inside the environment.
"""
