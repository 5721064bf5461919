import type { Area } from './areas.js';

export interface LoginPage {
  readonly area: Area;
  /** Whether there is a built-in admin to log in as. */
  readonly withPassword: boolean;
  /** What was wrong; a text of ours, nothing that was sent. */
  readonly trouble?: string;
}

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 10vh auto; padding: 0 1rem; color: #1f2933; background: #f7f8fa }
form { background: #fff; border: 1px solid #d5dae1; border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0 }
label { display: block; margin: .5rem 0 } input, textarea { box-sizing: border-box; width: 100%; font: inherit; padding: .4rem }
button { font: inherit; padding: .4rem 1.2rem; margin: .5rem 0 } [role=alert] { color: #a61b1b }
@media (prefers-color-scheme: dark) { body { color: #e4e7eb; background: #16191d } form { background: #1f242b; border-color: #3a424d } [role=alert] { color: #ff9b9b } }`;

/** A page without a script and without anything from elsewhere. */
export function loginPage({ area, withPassword, trouble }: LoginPage): string {
  const action = `${area.paths[0] ?? ''}/login`;
  const password = `
<form method="post" action="${action}">
<label>Name <input name="username" autocomplete="username" required maxlength="200"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<button>Log in</button>
</form>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<link rel="icon" href="data:,"><title>${area.title}: log in</title><style>${style}</style></head>
<body>
<h1>${area.title}</h1>
<p>This is for people with the role ${area.role}. The login lasts for half an hour at most. <a href="${area.home}">Logged in already?</a></p>
${trouble === undefined ? '' : `<p role="alert">${trouble}</p>`}${withPassword ? password : ''}
<form method="post" action="${action}">
<label>Token (<code>hazina token create --role ${area.role} --ttl 30m</code>) <textarea name="token" rows="4" required autocomplete="off" spellcheck="false"></textarea></label>
<button>Log in with a token</button>
</form>
</body>
</html>
`;
}
