"""Security alerts: rules over the audit trail, one alert for each burst, told once."""
