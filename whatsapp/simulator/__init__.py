"""
A local stand-in for Meta's Cloud API: it accepts sends as Graph does, answers with signed webhooks, and has a page on
which one writes as a customer. Everything is in memory and gone when it stops. `up --demo` and
`manage.py cloud_api_simulator` run it; tests set faults on it.

`server.start()` starts one; `state.Simulator` is what tests and the demo work with.
"""
