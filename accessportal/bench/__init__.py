"""Measurements that docs/performance.md is made of: `./portal bench NAME`."""
