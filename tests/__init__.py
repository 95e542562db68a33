"""Tests in four rings: pure, fakes, asterisk, browser. See CONTRIBUTING.md."""
