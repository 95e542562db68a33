"""Settings: what they are (``model``) and how they are read (``load``)."""

from ari_app.config.load import CONFIG_VARIABLE, config_path, load_settings
from ari_app.config.model import Settings, TrunkSettings, is_loopback

__all__ = ["CONFIG_VARIABLE", "Settings", "TrunkSettings", "config_path", "is_loopback", "load_settings"]
