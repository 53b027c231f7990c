"""The ways out of the site: e-mail, SMS gateway, signed webhook, group robots; and the sandbox that sends nothing."""
