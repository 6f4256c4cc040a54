"""People in a browser: who is signed in, second factors, passkeys, and accounts at an identity provider."""

from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from wharfinger.db.tables.columns import id_column, metadata, moment, refers

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    refers("user_id", "users.id", index=True),
    Column("secret_hash", String, nullable=False, unique=True),  # SHA-256 of the cookie: it has 256 random bits
    Column("stage", String, nullable=False),  # domain.sessions.Stage: what is still to be done to be signed in
    Column("way", String, nullable=False),  # how: "password", "password and second factor", an identity provider's name
    Column("address", String, nullable=False),
    Column("agent", Text, nullable=False),  # what the browser calls itself
    moment("created_at"),
    moment("seen_at"),  # of the last minutes, not of the last request
    moment("expires_at", index=True),  # whatever happens
    sqlite_autoincrement=True,  # events name sessions by id
)

second_factors = Table(
    "second_factors",
    metadata,
    refers("user_id", "users.id"),
    Column("sealed", LargeBinary, nullable=False),  # the TOTP secret, encrypted under the installation's secret
    Column("last_step", BigInteger, nullable=False),  # of the last code that was taken: none is good twice
    moment("created_at"),
    moment("confirmed_at", nullable=True),  # null until its owner has shown a first code
    PrimaryKeyConstraint("user_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    id_column(),
    refers("user_id", "users.id"),
    Column("code_hash", String, nullable=False),  # a row goes when its code is used
    UniqueConstraint("user_id", "code_hash"),
)

identities = Table(
    "identities",
    metadata,
    id_column(),
    refers("user_id", "users.id", index=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),  # what the issuer calls this person, for good
    moment("created_at"),
    UniqueConstraint("issuer", "subject"),
)

passkeys = Table(
    "passkeys",
    metadata,
    id_column(),
    refers("user_id", "users.id", index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),  # what the device calls the key
    Column("public_key", LargeBinary, nullable=False),  # in COSE, as the device gave it
    Column("party", String, nullable=False),  # the host that it was made for, and is good for alone
    Column("sign_count", BigInteger, nullable=False),  # what the device counted at the last use; 0 if it does not count
    Column("name", Text, nullable=False),
    moment("created_at"),
    moment("used_at", nullable=True),
)

spent_challenges = Table(
    "spent_challenges",
    metadata,
    Column("challenge_hash", String, primary_key=True),
    moment("expires_at", index=True),  # from when on the challenge says by itself that it is over
)
