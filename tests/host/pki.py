"""pki.py - certificates for tests, made by the command `openssl`, good ones and bad ones."""

import os
import subprocess

CONFIG = """
[req]
prompt = no
distinguished_name = dn
[dn]
CN = nobody
[ca]
default_ca = authority
[authority]
database = {folder}/index
new_certs_dir = {folder}
unique_subject = no
rand_serial = yes
default_md = {hash}
policy = any
default_crl_days = 1
email_in_dn = no
[any]
commonName = supplied
[v3]
{extensions}
"""

LEAF = "basicConstraints = critical, CA:FALSE"
AUTHORITY = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign"
AUTHORITY_AND_KEYS = AUTHORITY + "\nsubjectKeyIdentifier = hash"


def openssl(*args, data=b""):
    r = subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    if r.returncode:
        raise OSError(f"openssl {args}: {r.stderr.decode()}")
    return r.stdout


class Pki:
    """Each certificate is NAME.pem with NAME.key; `chain` joins several to one file."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "pki")
        os.mkdir(self.folder)
        with open(self.path("index"), "w", encoding="ascii"):
            pass
        self.make("ca", None, extensions=AUTHORITY_AND_KEYS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def config(self, extensions="", digest="sha256"):
        path = self.path("config")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIG.format(folder=self.folder, extensions=extensions, hash=digest))
        return path

    def key(self, name, kind="EC"):
        options = {"EC": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                   "weak": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
                   "RSA": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}[kind]
        openssl("genpkey", "-algorithm", *options, "-out", self.path(name + ".key"))
        os.chmod(self.path(name + ".key"), 0o600)

    def make(self, name, by="ca", san=None, extensions=LEAF, key="EC", begin="20200101000000Z",
             end="20400101000000Z", digest="sha256", subject=None):
        """Signed by `by`, or by itself: None. Returns the path of the certificate."""
        self.key(name, key)
        if san:
            extensions += f"\nsubjectAltName = {san}"
        config = self.config(extensions, digest)
        openssl("req", "-new", "-config", config, "-subj", f"/CN={subject or name}",
                "-key", self.path(name + ".key"), "-out", self.path(name + ".csr"))
        signer = ["-selfsign", "-keyfile", self.path(name + ".key")] if by is None else \
            ["-cert", self.path(by + ".pem"), "-keyfile", self.path(by + ".key")]
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", "v3",
                "-startdate", begin, "-enddate", end, "-in", self.path(name + ".csr"),
                "-out", self.path(name + ".pem"), *signer)
        return self.path(name + ".pem")

    def good(self, name="server", **more):
        return self.make(name, san="DNS:localhost,IP:127.0.0.1,IP:::1", **more)

    def chain(self, name, *parts):
        with open(self.path(name + ".pem"), "wb") as out:
            for part in parts:
                with open(self.path(part + ".pem"), "rb") as f:
                    out.write(f.read())
        return self.path(name + ".pem")

    def tampered(self, name, of):
        """The same certificate with a bit of its signature, its last byte, turned over."""
        der = bytearray(openssl("x509", "-in", self.path(of + ".pem"), "-outform", "DER"))
        der[-1] ^= 1
        openssl("x509", "-inform", "DER", "-out", self.path(name + ".pem"), data=bytes(der))
        with open(self.path(of + ".key"), "rb") as f:
            key = f.read()
        with open(self.path(name + ".key"), "wb") as f:
            f.write(key)
        os.chmod(self.path(name + ".key"), 0o600)
        return self.path(name + ".pem")

    def revocations(self, name, *revoked, by="ca", expired=False):
        signer = ["-cert", self.path(by + ".pem"), "-keyfile", self.path(by + ".key")]
        config = self.config()
        for one in revoked:
            openssl("ca", "-config", config, *signer, "-revoke", self.path(one + ".pem"))
        dates = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"]
        openssl("ca", "-config", config, *signer, "-gencrl", "-out", self.path(name + ".pem"),
                *(dates if expired else []))
        return self.path(name + ".pem")
