"""Nothing is left out in silence: what a peer can do and we cannot is refused at the start, by name."""
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from jwt.algorithms import get_default_algorithms

import keys
from server import Server

# PyJWT's other name of ES512, and the algorithms that we do not have.
NOT_OURS = {"ES256K", "ES521", "none"}


def run(report, binary, folder):
    with report.check("every algorithm of PyJWT is either crossed or refused"):
        forgotten = set(get_default_algorithms()) - set(keys.ALGORITHMS) - NOT_OURS
        assert not forgotten, f"nothing is said about {sorted(forgotten)}"
        gone = set(keys.ALGORITHMS) - set(get_default_algorithms())
        assert not gone, f"PyJWT has no {sorted(gone)}"
    for algorithm in sorted(NOT_OURS):
        with report.check(f"{algorithm} is refused by name"):
            refused_by_name(binary, folder / algorithm, algorithm)
    strange = {
        "an Ed448 key for EdDSA": ("EdDSA", ed448.Ed448PrivateKey.generate()),
        "a secp256k1 key for ES256": ("ES256", ec.generate_private_key(ec.SECP256K1())),
        "a P-384 key for ES256": ("ES256", ec.generate_private_key(ec.SECP384R1())),
        "a P-256 key for ES512": ("ES512", ec.generate_private_key(ec.SECP256R1())),
        "an RSA key for EdDSA": ("EdDSA", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    }
    for number, (name, (algorithm, private)) in enumerate(strange.items()):
        with report.check(f"{name} is refused"):
            key = keys.Key(algorithm, keys.private_pem(private), keys.public_pem(private), private)
            refused_by_name(binary, folder / str(number), algorithm, key)
    with report.check("a public key as the secret of HS256 is refused"):
        pem = keys.public_pem(ec.generate_private_key(ec.SECP256R1()))
        refused_by_name(binary, folder / "public", "HS256", keys.Key("HS256", pem, pem))


def refused_by_name(binary, folder, algorithm, key=None):
    done = Server(binary, folder, algorithm, key).try_command("config", "check")
    assert done.returncode == 2, f"`config check` ends with {done.returncode}: {done.stdout[:300]}{done.stderr[:300]}"
    assert algorithm in done.stderr, f"the message does not name {algorithm}: {done.stderr[:300]}"
