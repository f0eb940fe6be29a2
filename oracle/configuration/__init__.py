"""The sections of the configuration, one file for what belongs together. `oracle.config` reads them."""
