"""How a service declares its operations, and the register of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from segue.api.forward import Forwards, perform_elsewhere
from segue.api.gauges import Gauge
from segue.config import Settings
from segue.errors import not_implemented
from segue.store import Transaction
from segue.store.blobs import Blobs
from segue.store.tallies import Tallies
from segue.wire.model import ServiceModel, load_service
from segue.wire.request import Request

if TYPE_CHECKING:
    from segue.api.call import Call, Result
    from segue.api.caller import Caller
    from segue.api.deliveries import Delivery
    from segue.api.resource_types import ResourceType
    from segue.jobs import Again, Job, Outbound, Pending

Params = dict[str, Any]
Handler = Callable[["Call", Params], "Result"]
JobHandler = Callable[["Call", "Job"], "Again | Pending | Outbound | None"]
Domain = Callable[[Transaction, str], bool]
Resource = Callable[["Call", Params], str]
Invariant = Callable[[Transaction], Iterator[str]]
Keeper = Callable[["Call", Any], Any]
"""Forgets a piece of what is old, small enough that nobody waits for it (some milliseconds' work): given ``None``, or
what it returned the last time. What it returns is where the next piece begins; falsy: that was all."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service.

    Attributes:
        name: as AWS names it (``SendMessage``).
        handler: a plain function of one transaction.
        reads: it writes nothing, so it may run beside the writer.
        resource: the ARN that a policy must allow; ``*`` where it has none.
        action: the IAM action; empty where the handler authorizes what it does itself (see
            :func:`segue.api.authorize.authorize_action`), as a transaction of several writes does.
        public: it may be asked without a signature, by whoever knows what it takes (a token); then by
            :data:`segue.api.endpoint.ANONYMOUS`.
    """

    name: str
    handler: Handler
    reads: bool = False
    resource: Resource | None = None
    action: str = ""
    public: bool = False


@dataclass(slots=True)
class Service:
    """A service's operations, job handlers, schema and policy hooks, as its package declares them.

    Attributes:
        name: botocore's name of the service, which is also the operations' prefix (``sqs``, ``stepfunctions``).
        migrations: its schema, oldest script first.
        partition_keys: of each of its tables that grow without bound, the column that says what a row belongs to.
        housekeeping: what forgets what is old, every hour (see :data:`Keeper`).
        invariants: what must be true of its rows between any two transactions; each yields what is not, in words.
        operations, internals: by name, those of the API, and those that only other services call.
        cross_origin: the headers that an owner grants a request from a page of another origin; ``None``: nobody does.
        endpoints: the addresses of applications that it answers at (see :mod:`segue.api.endpoint`), by label.
        domains: whether a name is one that somebody has given to such an address, by label.
        sockets: what is told of the open sockets of such addresses (see :mod:`segue.api.sockets`), by label.
        prefixes: what paths begin with that belong to one of these addresses (its label) although they do not name it.
        resource_policy: the policy document attached to a resource of this service (``None``: it has none).
        account_of: whose a resource is, where its ARN does not say; empty where it is not there.
        names_contents: the tables and columns that name contents of :mod:`segue.store.blobs` by their SHA-256; what no
            service's rows name is collected.
        resource_types: the types by which templates name its resources, by name.
        conditions: the values of its own condition keys in a call of an operation (by name) with these params.
        counts_delivery: counts what came of a delivery from one of its resources.
        gauges: what can be measured of its resources, by namespace and name (``AWS/SQS``, ``…Visible``).
        iam_prefix: the prefix of its IAM actions (``states`` for ``stepfunctions``).
        listens: of the service of buses: whether anything on a bus (by ARN) may take events of a source.
    """

    name: str
    migrations: Sequence[str] = ()
    iam_prefix: str = ""
    resource_policy: Callable[[Transaction, str], str | None] | None = None
    listens: Callable[[Transaction, str, str], bool] | None = None
    conditions: Callable[[str, Params], dict[str, str]] | None = None
    operations: dict[str, Operation] = field(default_factory=dict)
    internals: dict[str, Operation] = field(default_factory=dict)
    cross_origin: Callable[[Transaction, Request], dict[str, str] | None] | None = None
    endpoints: dict[str, Operation] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    sockets: dict[str, Operation] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, JobHandler] = field(default_factory=dict)
    housekeeping: list[Keeper] = field(default_factory=list)
    invariants: list[Invariant] = field(default_factory=list)
    account_of: Callable[[Transaction, str], str] | None = None
    names_contents: Sequence[tuple[str, str]] = ()
    resource_types: dict[str, ResourceType] = field(default_factory=dict)
    gauges: dict[tuple[str, str], Gauge] = field(default_factory=dict)
    counts_delivery: Callable[[Call, Delivery], None] | None = None
    partition_keys: Mapping[str, str] = field(default_factory=dict)

    def operation(
        self,
        name: str,
        *,
        reads: bool = False,
        resource: Resource | None = None,
        action: str | None = "",
        public: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as operation ``name``'s handler (``action=None``: it authorizes itself)."""

        def declare(handler: Handler) -> Handler:
            prefix = self.iam_prefix or self.name
            needed = "" if action is None else action or f"{prefix}:{name}"
            self.operations[name] = Operation(name, handler, reads, resource, needed, public)
            return handler

        return declare

    def internal(
        self, name: str, *, resource: Resource | None = None, action: str | None = ""
    ) -> Callable[[Handler], Handler]:
        """Declare the handler of an operation that AWS's services have among themselves: policies speak of it (unless
        ``action=None``), no API has it. It takes its params as they come.
        """

        def declare(handler: Handler) -> Handler:
            needed = "" if action is None else action or f"{self.iam_prefix or self.name}:{name}"
            self.internals[name] = Operation(name, handler, False, resource, needed)
            return handler

        return declare

    def endpoint(self, label: str, *, prefix: str = "") -> Callable[[Handler], Handler]:
        """Declare the handler of visits to the addresses ``ID.label.…`` and ``/_aws/label/ID/…``; it decides by itself
        who may (see :class:`segue.api.endpoint.Visit`). Paths that begin with ``prefix`` lead there, too, without id.
        """

        def declare(handler: Handler) -> Handler:
            name = f"endpoint {label}"
            self.endpoints[label] = self.internals[name] = Operation(name, handler)
            if prefix:
                self.prefixes[prefix] = label
            return handler

        return declare

    def domain(self, label: str) -> Callable[[Domain], Domain]:
        """Declare what says whether a host name is one of the addresses ``ID.label.…`` by another name."""

        def declare(known: Domain) -> Domain:
            self.domains[label] = known
            return known

        return declare

    def socket(self, label: str) -> Callable[[Handler], Handler]:
        """Declare the handler of what happens to the open sockets of the addresses ``ID.label.…`` (see
        :class:`segue.api.sockets.SocketEvent`). A message is answered as a visit is: with a ``response``, whose body is
        sent if it has one. Of an end it is told once.
        """

        def declare(handler: Handler) -> Handler:
            name = f"socket {label}"
            self.sockets[label] = self.internals[name] = Operation(name, handler)
            return handler

        return declare

    def resource_type(self, declared: ResourceType) -> ResourceType:
        """Declare a type of resources that templates may name."""
        self.resource_types[declared.name] = declared
        return declared

    def invariant(self, check: Invariant) -> Invariant:
        """Declare what must be true of the service's rows (``segue store check``)."""
        self.invariants.append(check)
        return check

    def job(self, what: str) -> Callable[[JobHandler], JobHandler]:
        """Declare the decorated function as the handler of the jobs of kind ``<service>:<what>``."""

        def declare(handler: JobHandler) -> JobHandler:
            self.jobs[f"{self.name}:{what}"] = handler
            return handler

        return declare


class Identity(Protocol):
    """What the door asks of identity management (the IAM service answers)."""

    def caller(self, tx: Transaction, access_key: str, session_token: str | None) -> Caller | None:
        """The caller behind an access key (region not set), or ``None`` for a key that nobody issued."""
        ...

    def secret(self, tx: Transaction, access_key: str) -> str | None:
        """The secret that an issued key signs with, or ``None`` for a key that nobody issued."""
        ...

    def policies(self, tx: Transaction, caller: Caller) -> list[dict[str, Any]]:
        """The identity policies that speak for the caller."""
        ...


class Api:
    """All services behind the one door, and the settings they share."""

    def __init__(self, services: Iterable[Service], settings: Settings, identity: Identity | None = None) -> None:
        self.services: Mapping[str, Service] = {service.name: service for service in services}
        self.settings = settings
        self.blobs: Blobs
        """Where large bodies live; set by the composition root before the first call."""
        self.identity = identity
        self.jobs: Mapping[str, JobHandler] = {
            kind: handler for service in self.services.values() for kind, handler in service.jobs.items()
        }
        self.endpoints: Mapping[str, tuple[str, Operation]] = {
            label: (service.name, operation)
            for service in self.services.values()
            for label, operation in service.endpoints.items()
        }
        """The addresses of applications, by label, with the service that answers there."""
        self.sockets: Mapping[str, tuple[str, Operation]] = {
            label: (service.name, operation)
            for service in self.services.values()
            for label, operation in service.sockets.items()
        }
        """What is told of their open sockets, by label."""
        self.domains: Mapping[str, Domain] = {
            label: known for service in self.services.values() for label, known in service.domains.items()
        }
        """Whether a name is one of theirs, by label."""
        self.node = ""
        """This process, among all that there have been; set by the composition root before the first call."""
        self.prefixes: Mapping[str, str] = {
            prefix: label for service in self.services.values() for prefix, label in service.prefixes.items()
        }
        """The labels of those that have paths of their own, by what these begin with."""
        self.gauges: Mapping[tuple[str, str], Gauge] = {
            key: gauge for service in self.services.values() for key, gauge in service.gauges.items()
        }
        self.delivery_counts: Mapping[str, Callable[[Call, Delivery], None]] = {
            service.name: service.counts_delivery for service in self.services.values() if service.counts_delivery
        }
        """By the service of the ARN that a delivery comes from."""
        self.tallies = Tallies()
        """What was counted and is not on disk yet; set by the composition root before the first call."""
        self.resource_types: Mapping[str, ResourceType] = {
            name: declared for service in self.services.values() for name, declared in service.resource_types.items()
        }
        self.forwards = Forwards(settings.forward, self.services) if settings.forward else None
        """The services that are sent elsewhere; ``None``: none is."""

    @property
    def migrations(self) -> dict[str, Sequence[str]]:
        """The schemas of all services."""
        return {name: service.migrations for name, service in self.services.items() if service.migrations}

    def model(self, service: str) -> ServiceModel:
        """AWS's model of a service."""
        return load_service(service)

    def service(self, name: str) -> Service:
        """A service; one that is only forwarded has nothing of its own but its name."""
        return self.services.get(name) or Service(name, iam_prefix=load_service(name).signing_name)

    def operation(self, service: str, name: str) -> Operation:
        """The operation; ``AwsError`` 501 where we lack it."""
        forward = self.forwards.of(service) if self.forwards is not None else None
        if forward is not None and name in self.model(service).operations:
            return Operation(name, partial(perform_elsewhere, forward, f"{service}:{name}"))
        found = self.services.get(service)
        operation = None if found is None else found.operations.get(name) or found.internals.get(name)
        if operation is None:
            raise not_implemented(f"{service}:{name}")
        return operation
