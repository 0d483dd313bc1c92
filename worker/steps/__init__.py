"""What the jobs do, stage by stage; `actors.py` is the map that names them."""
