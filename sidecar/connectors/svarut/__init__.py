"""Hand reports over through KS SvarUt, the mail room that municipalities' archives are joined to."""
