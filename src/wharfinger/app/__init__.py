"""The composition root: settings in, web application and worker out; the only room that knows every other."""
