"""The Guacamole protocol: pure code without input or output, then the handshake.

Nothing here knows models, people or requests. Read in this order: `instruction`,
`opcodes`, `reader`, `streamfilter`, `arguments`, `status`, `handshake`.
"""
