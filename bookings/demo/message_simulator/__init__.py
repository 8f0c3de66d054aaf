"""Providers of text messages in miniature, without anything of the site but what they answer."""
