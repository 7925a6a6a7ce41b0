"""The calls of the system scope, a module for each theme: for the schema builder and the engine.

    login_calls(desk) -> (auth_login, auth_refresh, auth_logout)

`gateway.assembly` puts them together.
"""
