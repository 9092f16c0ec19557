"""The tests that CI may skip, each with its reason. Any other test that is skipped fails the run there."""

SKIPPED_IN_CI = {
    "tests/deploy/test_compose_files.py::test_docker_compose_itself_understands_the_files": "CI has no Docker",
    "tests/faults/test_decoder_corpus.py::test_every_file_of_pillows_tests_is_decoded_or_refused_as_expected": (
        "only in `make faults`: it downloads 47 MB"
    ),
}
