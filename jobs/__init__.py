"""When things run: lanes, dispatcher, timetable and the envelope around every piece of work."""
