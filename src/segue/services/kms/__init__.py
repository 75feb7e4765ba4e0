"""AWS Key Management Service.

In: symmetric keys and keys for authentication codes, with aliases, policies, tags, states, and deletion after a waiting
period; encrypting, decrypting and re-encrypting with encryption contexts, data keys, random bytes, codes of messages;
keys that AWS manages for a service (``alias/aws/…``) are made when they are first used. Encryption is authenticated and
keeps programs honest; it hides nothing from who can read the data directory, where the keys lie as well. Rotation is
noted and changes nothing. Left out: asymmetric keys, imported material, grants, key stores, replicas in other regions.
"""

from segue.services.kms import aliases, ciphers, keys, resource_types
from segue.services.kms.service import SERVICE

__all__ = ["SERVICE", "aliases", "ciphers", "keys", "resource_types"]
