"""The builds of MyScale, as far as their differences matter to Lichtbild."""

from dataclasses import dataclass

METRIC_SETTINGS = ("float_vector_search_metric_type", "vector_search_metric_type")


@dataclass(frozen=True)
class Build:
    """What differs between the cloud, the open-source build and older builds."""

    cloud: bool = False
    brute_force_setting: bool = True
    metric_setting: str = METRIC_SETTINGS[0]
    is_deleted_option: bool = True
    bound_vectors: bool = False
    stock: bool = False
    """Plain ClickHouse, with the stand-in's controls."""
    ignores_metrics: bool = False
    """Accepts each metric setting but measures L2: the probe before a first collection must detect this."""

    def search_settings(self) -> dict[str, str]:
        """Settings that stock ClickHouse does not have, with their defaults."""
        some = {"optimize_move_to_prewhere_for_vector_search": "1", "max_search_result_window": "10000"}
        if self.brute_force_setting:
            some["enable_brute_force_vector_search"] = "0"
        return {**some, "two_stage_search_option": "1"} if self.cloud else some
