"""What every client's tests start from: a home of its own, images to push, a project with people in each role."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients import layouts
from tests.clients.layouts import Layout
from tests.clients.programs import CLIENTS, Programs, find
from tests.clients.shop import Login, Shop
from tests.serving import Server


def home_in(folder: Path) -> Programs:
    """An empty home for programs to run in."""
    for name in ("config", "run", "data", "cache", "docker"):
        (folder / name).mkdir(parents=True)
    (folder / "auth.json").write_text("{}")
    return Programs(folder)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Clients run in an empty home."""
    return home_in(tmp_path / "home")


@pytest.fixture
def shop(server: Server) -> Shop:
    """A private project that no other test has, with one person in each role and one in none."""
    project = server.project(visibility="private")

    def login(role: str | None, *scopes: str) -> Login:
        user = server.user(project=project, role=role)
        return Login(user.username, server.token(user, scopes or ("read_registry", "write_registry")))

    logins = {role: login(role) for role in ("guest", "reporter", "developer", "maintainer")}
    logins |= {"stranger": login(None), "read_only": login("developer", "read_registry")}
    return Shop(urlsplit(server.url).netloc, project.path, logins)


@pytest.fixture
def single(tmp_path: Path) -> Layout:
    """An image of three layers that no other test has."""
    return layouts.single(tmp_path / "single", str(tmp_path))


@pytest.fixture
def multi(tmp_path: Path) -> Layout:
    """An index for two architectures that no other test has."""
    return layouts.multi(tmp_path / "multi", str(tmp_path))


@pytest.fixture
def busybox_context(tmp_path: Path) -> Path:
    """A folder to build a multi-layer image from: nothing below it but one static program."""
    folder = tmp_path / "busybox"
    folder.mkdir()
    (folder / "busybox").write_bytes(find("busybox").read_bytes())
    (folder / "busybox").chmod(0o755)
    (folder / "Dockerfile").write_text(
        "FROM scratch\n"
        "COPY busybox /bin/busybox\n"
        'RUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
        f'RUN echo "{tmp_path.name}" > /salt && mkdir -p /a/b/c && ln -s /salt /a/b/c/link\n'
        'CMD ["cat", "/salt"]\n'
    )
    return folder


@pytest.fixture
def debian_context(tmp_path: Path) -> Path:
    """A folder to build an image from whose first layer is a Debian root."""
    root = CLIENTS / "debian.tar"
    if not root.exists():
        pytest.skip("no Debian root to build from: tests/install_clients.sh says why it could not be made")
    folder = tmp_path / "debian"
    folder.mkdir()
    shutil.copyfile(root, folder / "debian.tar")
    (folder / "Dockerfile").write_text(
        "FROM scratch\n"
        "ADD debian.tar /\n"
        f"RUN bash -c 'mkdir -p /srv && dpkg -l | tail -n +6 > /srv/packages && echo {tmp_path.name} > /srv/salt'\n"
        "RUN rm /usr/bin/yes && mv /srv/salt /srv/grain\n"
        'CMD ["cat", "/srv/grain"]\n'
    )
    return folder
