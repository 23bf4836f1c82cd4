"""YAML: a block-style profile that readers of YAML 1.1 and of 1.2 read alike."""
