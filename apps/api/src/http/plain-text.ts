/** Shown in terminals and mails: nothing in it may steer either. */
export const plainText = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** The same characters for readers of the OpenAPI document that know no classes of them (rare ones beyond U+FFFF are left out); stands between `[^` and `]`. */
export const unprintable =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\ufff9-\\ufffb';
export const onePlainLine = `^[^${unprintable}]*$`;
