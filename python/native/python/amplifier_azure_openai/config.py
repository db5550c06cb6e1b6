"""A provider's configuration as Amplifier has it, and as the component takes it."""

from typing import Any
from typing import NamedTuple

# What is between Amplifier and the module. The component does not know it, and would warn of it.
AGENTS_OWN = ("id", "instance_id", "module", "priority", "source")

# What users of the Python module may have, and what has no meaning here: the service is asked without a state of its own, and
# closing takes as long as it takes, up to five seconds.
WITHOUT_EFFECT = ("close_timeout", "enable_response_chaining", "filtered")

# The words for yes: a wizard stores booleans as texts.
YES = ("1", "on", "true", "yes")


class Settings(NamedTuple):
    """What the layer goes by, and what it hands on."""

    # The component's configuration.
    component_config: dict[str, Any]
    # A file in the place of the embedded component.
    component: str | None
    # Whether each new build in that file takes the place of the present one.
    watch: bool
    # Whether `llm:request` and `llm:response` have the bodies with them.
    raw: bool
    # Keys that are known and have no effect.
    ignored: list[str]


def settings(config: dict[str, Any]) -> Settings:
    """Takes a configuration apart."""
    ours = {key: value for key, value in config.items() if key not in (*AGENTS_OWN, *WITHOUT_EFFECT)}
    # What the Python module calls it. There it is the model too, when none is named; here a model without an entry of its own
    # goes to that deployment.
    deployment = ours.pop("deployment_name", None)
    if deployment:
        for key in ("default_deployment", "default_model"):
            if not ours.get(key):
                ours[key] = deployment
    raw = is_yes(ours.pop("raw", None))
    if raw:
        ours |= {"debug": True, "raw_debug": True}
    component = ours.pop("component", None)
    return Settings(
        component_config=ours,
        component=str(component) if component else None,
        watch=is_yes(ours.pop("watch", None)),
        raw=raw,
        ignored=[key for key in WITHOUT_EFFECT if key in config],
    )


def has_endpoint(config: dict[str, Any], environment: dict[str, str]) -> bool:
    """Whether an endpoint is named, a valid one or not."""
    named = [config.get("azure_endpoint"), *(environment.get(name) for name in ENDPOINT_VARIABLES)]
    return any(str(value).strip() for value in named if value is not None)


def priority(config: dict[str, Any]) -> int:
    """Which provider an orchestrator takes: the one with the lowest number."""
    try:
        return int(config.get("priority", DEFAULT_PRIORITY))
    except (TypeError, ValueError):
        return DEFAULT_PRIORITY


def is_yes(value: Any) -> bool:
    """A boolean, or a text that means one."""
    return value is True or str(value).strip().lower() in YES


# The variables that name the endpoint when the configuration does not.
ENDPOINT_VARIABLES = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL")

# What orchestrators take for a provider that has none.
DEFAULT_PRIORITY = 100
