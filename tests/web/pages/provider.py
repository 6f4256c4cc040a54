"""A small OpenID Connect provider on the loopback, over HTTP, that a test starts and tells whom it knows.

It checks what a provider checks: client, redirect, PKCE, that a code is used once. What it says can be bent
(`bend`) to see that a lie is not believed.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT, SECRET = "wharfinger", "a secret of ours"


class Provider:
    """`person` are the claims of who signs in now; `bend` overrides claims of the ID token."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "1", "preferred_username": "ada"}
        self.bend: dict[str, Any] = {}
        self.asked: list[str] = []  # the paths, as we were asked for them
        self.rotate("one")
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/realm"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def rotate(self, kid: str) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.key = self.signer = ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig"})

    def stop(self) -> None:
        """Be gone."""
        self._server.shutdown()
        self._server.server_close()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Sign the person in, and say where the browser goes on."""
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, fields: dict[str, str], authorization: str) -> dict[str, Any]:
        """A token for a code; an error where something does not fit."""
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        asked = self._codes.pop(fields["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=")
        if pair != f"{CLIENT}:{SECRET.replace(' ', '%20')}" or asked is None:
            return {"error": "invalid_client"}
        if asked["redirect_uri"] != fields["redirect_uri"] or asked["code_challenge"] != challenge.decode():
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        header = {"alg": "ES256", "kid": self.signer.kid}
        token = jwt.encode(header, {**claims, **self.person, **self.bend}, self.signer)
        return {"access_token": "x", "token_type": "Bearer", "id_token": token}

    def _handler(provider: "Provider") -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has its own self
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                provider.asked.append(parts.path.removeprefix("/realm"))
                match provider.asked[-1]:
                    case "/.well-known/openid-configuration":
                        self.say(provider.discovery())
                    case "/keys":
                        self.say(KeySet([provider.key]).as_dict(private=False))
                    case "/authorize":
                        self.send_response(302)
                        self.send_header("location", provider.authorize(asked))
                        self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                said = provider.token(fields, self.headers.get("authorization", ""))
                self.say(said, 400 if "error" in said else 200)

            def say(self, what: dict[str, Any], status: int = 200) -> None:
                body = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
