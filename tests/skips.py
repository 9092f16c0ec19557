"""The tests that CI may skip, each with its reason. Any other test that is skipped fails the run there."""

SKIPPED_IN_CI = {
    "tests/deploy/test_compose_files.py::test_docker_compose_itself_understands_the_files": "CI has no Docker",
}
