"""Recordings: sound and film, heard by Whisper, located to the second.

sound decodes, windows cuts at pauses, engines hear, models say which model is there, transcribe puts it together and
loses nothing on the way, recordings makes documents of it.
"""
