"""Builds of MyScale, as far as they differ for us."""

from dataclasses import dataclass

METRIC_SETTINGS = ("float_vector_search_metric_type", "vector_search_metric_type")


@dataclass(frozen=True)
class Build:
    """Which MyScale this is: what differs between the cloud, the open-source build and older ones."""

    cloud: bool = False
    brute_force_setting: bool = True
    metric_setting: str = METRIC_SETTINGS[0]
    is_deleted_option: bool = True
    bound_vectors: bool = False
    stock: bool = False
    """No MyScale at all but ClickHouse, to have the stand-in's handle on that as well."""
    deaf_to_metrics: bool = False
    """It takes each metric setting and goes on measuring L2: a fault that a start-up probe must find."""

    def search_settings(self) -> dict[str, str]:
        """Names and defaults that stock ClickHouse does not have."""
        some = {"optimize_move_to_prewhere_for_vector_search": "1", "max_search_result_window": "10000"}
        if self.brute_force_setting:
            some["enable_brute_force_vector_search"] = "0"
        return {**some, "two_stage_search_option": "1"} if self.cloud else some
