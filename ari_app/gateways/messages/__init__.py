"""Providers of messages: a generic HTTP gateway, e-mail, and the company messengers WeCom, DingTalk and Feishu."""
