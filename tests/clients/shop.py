"""A project on the server under test, and one person in each role with a token to log in with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Login:
    """What is typed at `docker login`."""

    username: str
    token: str

    def __str__(self) -> str:
        return f"{self.username}:{self.token}"


@dataclass(frozen=True)
class Shop:
    """`host` is where clients find the registry, `path` the private project, `logins` who may do what in it.

    The roles' logins carry read_registry and write_registry; `read_only` is the developer's with read_registry alone;
    `stranger` has no part in the project.
    """

    host: str
    path: str
    logins: dict[str, Login]

    def image(self, name: str, reference: str = "") -> str:
        """The image `name` of the project as clients write it; reference is ":tag", "@digest" or nothing."""
        return f"{self.host}/{self.path}/{name}{reference}"

    def __getattr__(self, role: str) -> Login:
        try:
            return self.logins[role]
        except KeyError:
            raise AttributeError(role) from None
