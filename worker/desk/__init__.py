"""The desk: the web pages of staff and operators.

`app.py` puts it together; each other module is one page or one thing that pages share.
"""
