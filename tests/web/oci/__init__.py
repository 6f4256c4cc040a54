"""The distribution API from outside: black-box tests over HTTP, a file a chapter of the spec."""
