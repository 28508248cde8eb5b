// Send the form on at once; without script the button is there.
document.querySelector("form[data-auto-submit]").submit();
