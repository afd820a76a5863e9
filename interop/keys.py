"""Fresh keys for every algorithm that both sides have."""
import base64
import hashlib
import json
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

HMAC = ("HS256", "HS384", "HS512")
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
ASYMMETRIC = (*RSA, *CURVES, "EdDSA")
ALGORITHMS = (*HMAC, *ASYMMETRIC)

# These write the same token again for the same claims; the others sign with fresh randomness.
DETERMINISTIC = (*HMAC, "RS256", "RS384", "RS512", "EdDSA")

# PKCS#1 for RSA and SEC1 for EC, so that the older forms cross as well. The others are PKCS#8.
TRADITIONAL_FORM = ("RS384", "ES384")


@dataclass
class Key:
    """A key in the texts in which both sides are given it: a secret twice, or two PEM documents."""

    algorithm: str
    signing: str
    verifying: str
    private: object = None

    @property
    def is_secret(self):
        return self.private is None


def generate(algorithm):
    if algorithm in HMAC:
        secret = secrets.token_urlsafe(64)
        return Key(algorithm, secret, secret)
    if algorithm in RSA:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif algorithm in CURVES:
        private = ec.generate_private_key(CURVES[algorithm]())
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    form = PrivateFormat.TraditionalOpenSSL if algorithm in TRADITIONAL_FORM else PrivateFormat.PKCS8
    return Key(algorithm, private_pem(private, form), public_pem(private), private)


def private_pem(private, form=PrivateFormat.PKCS8):
    return private.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_der(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def thumbprint(jwk):
    """RFC 7638, from the members of the published key."""
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    text = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
