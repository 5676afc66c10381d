"""The pages of sites, assets and endpoints."""
