"""Tells nova-api which extra specs of ours there are.

Loaded by ``nova.api.validation.extra_specs.validators`` through the entry
point ``nova.api.extra_spec_validators``, on every host with a nova-api where
this package is installed.  Takes its table from ``virt.extraspecs``.
"""

import typing

from nova.api.validation.extra_specs import base

from novacontainer.virt import extraspecs


def register() -> list[base.ExtraSpecValidator]:
    """One validator for each extra spec."""
    return [
        base.ExtraSpecValidator(
            name=spec.key, description=spec.description, value=_value(spec),
            parameters=_parameters(spec))
        for spec in extraspecs.SPECS]


def _value(spec: extraspecs.Spec) -> dict[str, typing.Any]:
    value: dict[str, typing.Any] = {'type': spec.kind}
    if spec.kind is int:
        value.update(min=spec.minimum, max=spec.maximum)
    if spec.choices:
        value['enum'] = list(spec.choices)
    if spec.pattern:
        value['pattern'] = spec.pattern
    return value


def _parameters(spec: extraspecs.Spec) -> list[dict[str, typing.Any]]:
    if not spec.name_pattern:
        return []
    return [{'name': 'name', 'pattern': spec.name_pattern}]
