"""YAML as strangers may send it: plain values only, no references, nothing that grows."""

from typing import Any

import yaml

MAX_TEXT = 64 * 1024  # characters
TIMESTAMP = "tag:yaml.org,2002:timestamp"


class YamlError(ValueError):
    """Text that is no YAML, or not of the plain kind."""


class _PlainLoader(yaml.SafeLoader):
    """Days are text. Refuses aliases: ten lines of them can stand for a thousand million values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not allowed")
        return super().compose_node(parent, index)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != TIMESTAMP]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str) -> Any:
    """The values in `text`. Raises YamlError, in one line."""
    if len(text) > MAX_TEXT:
        raise YamlError(f"longer than {MAX_TEXT} characters")
    try:
        return yaml.load(text, _PlainLoader)
    except RecursionError:
        raise YamlError("nested too deeply") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        raise YamlError(" ".join(str(error).split())) from error
