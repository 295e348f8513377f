"""The little web server: health for those who keep Lapwing running, metrics, and what a chat sends over HTTP."""
