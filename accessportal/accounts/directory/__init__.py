"""Sign-in for employees through the plant's own directory.

`configuration` is what the plant set; `open_id` and `ldap_directory` ask the directory;
`admission` makes of its answer a person with roles; `break_glass` is the way in when it is
down. None of it signs anybody in: after it comes the portal's own second factor.
"""
