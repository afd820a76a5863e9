"""One algorithm: a server of ours with a fresh key, and beside it PyJWT and a Django site with the same key."""
import keys
import pyjwt
import simplejwt
from server import Server


def run(report, binary, folder, algorithm):
    key = keys.generate(algorithm)
    with Server(binary, folder, algorithm, key).running() as server:
        pyjwt.run(report, server, key)
        simplejwt.run(report, server, key)
