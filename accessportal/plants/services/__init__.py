"""The verbs of the plant: sites, assets, endpoints, credentials, freezes."""
