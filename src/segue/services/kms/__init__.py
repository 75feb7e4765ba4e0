"""AWS Key Management Service.

In: symmetric keys, keys for authentication codes and pairs for signatures (RSA_2048, the curves of NIST and
ECC_SECG_P256K1), with aliases, policies, tags, states, and deletion after a waiting period; encrypting, decrypting and
re-encrypting with encryption contexts, data keys and pairs, random bytes, codes and signatures of messages; keys that
AWS manages for a service (``alias/aws/…``) are made when they are first used. Encryption is authenticated and keeps
programs honest; it hides nothing from who can read the data directory, where the keys lie as well. Rotation is noted
and changes nothing. Left out: longer RSA keys and encryption by pairs, imported material, grants, key stores, replicas
in other regions.
"""

from segue.services.kms import aliases, asymmetric, ciphers, keys, resource_types
from segue.services.kms.service import SERVICE

__all__ = ["SERVICE", "aliases", "asymmetric", "ciphers", "keys", "resource_types"]
