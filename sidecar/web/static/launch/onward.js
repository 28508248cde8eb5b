// Go on at once; the button is for browsers where this does not run.
document.getElementById("onward").submit();
