"""From files in the inbox to typed, registered deliveries in the lake."""
