"""Lays out the wheel: `lichtbild` on top, the stack's packages inside it. See docs/decisions/what-the-wheel-carries.md.

Everything else about the package is in pyproject.toml.
"""

from setuptools import find_packages, setup

STACK = ("api", "embedded", "shared", "worker")

setup(
    packages=[
        *find_packages(include=["lichtbild", "lichtbild.*"]),
        *(f"lichtbild._stack.{package}" for name in STACK for package in find_packages(include=[name, f"{name}.*"])),
    ],
    package_dir={f"lichtbild._stack.{name}": name for name in STACK},
    package_data={
        "lichtbild": ["py.typed"],
        "lichtbild._stack.api": ["page/**/*", "reference/*.html", "reference/*.css"],
        "lichtbild._stack.shared": ["ledger/lua/*.lua"],
        "lichtbild._stack.embedded": ["demo_model/lichtbild-demo/*"],
    },
)
