// guacamole-lite's server with its log off and its inactivity check off.
// node guacamole_lite.cjs PORT GUACD_PORT KEY (32 characters)
"use strict";

const GuacamoleLite = require("guacamole-lite");

const [port, guacd, key] = process.argv.slice(2);

new GuacamoleLite(
  { host: "127.0.0.1", port: Number(port), perMessageDeflate: false },
  { host: "127.0.0.1", port: Number(guacd) },
  {
    crypt: { cypher: "AES-256-CBC", key },
    // A number: the name "QUIET" is zero to it, and taken for none.
    log: { level: 0 },
    maxInactivityTime: 0,
  },
);
