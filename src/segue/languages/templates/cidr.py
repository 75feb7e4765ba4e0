"""Address blocks within a block: ``Fn::Cidr``.

Source: CloudFormation user guide, "Fn::Cidr".
"""

from __future__ import annotations

import ipaddress
from itertools import islice

from segue.languages.templates.errors import template_error

MOST_BLOCKS = 256


def subnets(block: str, count: int, host_bits: int = 8) -> list[str]:
    """The first ``count`` blocks of ``2**host_bits`` addresses within a block.

    Raises:
        TemplateError: there are not that many, or it is no block.
    """
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        raise template_error(f"Fn::Cidr: {block} is not a valid CIDR block") from None
    if not 1 <= count <= MOST_BLOCKS:
        raise template_error(f"Fn::Cidr: the number of CIDRs must be between 1 and {MOST_BLOCKS}")
    prefix = network.max_prefixlen - host_bits
    if not network.prefixlen <= prefix <= network.max_prefixlen or count > 2 ** (prefix - network.prefixlen):
        raise template_error(f"Fn::Cidr: {block} has no room for {count} blocks with {host_bits} bits each")
    return [str(subnet) for subnet in islice(network.subnets(new_prefix=prefix), count)]
