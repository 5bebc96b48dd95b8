"""Settings that the services need, taken from the configuration by the one who builds them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``photo_pixels`` is the largest side of a served photo; ``max_resource_size`` is in bytes (0: any size)."""

    base_url: str = ""
    photo_pixels: int = 512
    series_horizon_days: int = 365
    journal_days: int = 30
    max_resource_size: int = 1_000_000
    time_zone: str = "Europe/Riga"
    language: str = "en"
    past_days: int = 0
