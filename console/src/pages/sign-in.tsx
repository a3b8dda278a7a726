// A token for this tab. It is tried before it is taken, so that a wrong one is reported here and nowhere else.

import { useState } from 'preact/hooks';
import { addressOf } from '../api/http.ts';
import type { Caller } from '../api/shapes.ts';
import { caller, callerText } from '../live/caller.ts';
import { Panel, Time, Trouble } from '../parts/bits.tsx';
import { go } from '../route.ts';
import { signIn, signInReason, token } from '../session.ts';

/** What a token may be made of (RFC 6750). */
const tokenText = /^[A-Za-z0-9._~+/-]+=*$/;

export function SignIn({ isPage = false }: { readonly isPage?: boolean }) {
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = text.trim();
    const wrong = tokenText.test(given) ? await tried(given) : 'A token has letters, digits and - . _ ~ + / = only.';
    setFault(wrong);
    if (wrong !== undefined) return;
    signIn(given);
    if (isPage) go([]);
  };
  return (
    <>
      <h1>Sign in</h1>
      <p>{signInReason.value ?? (token.value === '' ? 'With a token of this server.' : 'You are signed in.')}</p>
      {signInReason.value === undefined && caller.value !== undefined && <WhoYouAre known={caller.value} />}
      <form class="sign-in" onSubmit={(event) => void submit(event)}>
        <label>
          Token
          <input
            type="password"
            required
            autocomplete="off"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <Trouble text={fault} />
        <div class="buttons">
          <button type="submit" class="primary">
            Sign in
          </button>
          {token.value !== '' && (
            <button type="button" onClick={() => signIn('')}>
              Sign out
            </button>
          )}
        </div>
        <p class="muted">It is kept in this tab only, and forgotten when the tab is closed.</p>
      </form>
    </>
  );
}

function WhoYouAre({ known }: { readonly known: Caller }) {
  return (
    <Panel title="Who you are">
      <p>
        The server takes you for <strong>{callerText(known)}</strong>,{' '}
        {known.expiresAt === null ? (
          'without an end'
        ) : (
          <>
            until <Time at={known.expiresAt} />
          </>
        )}
        {known.instancesMax !== null && `, with at most ${known.instancesMax} instances`}.
      </p>
      {known.allow.length === 0 && <p class="empty">You may do nothing here.</p>}
      <ul class="plain">
        {known.allow.map(({ rights, env, app }) => (
          <li key={`${env}/${app} ${rights.join()}`}>
            <code>
              {env}/{app}
            </code>{' '}
            {rights.join(', ')}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

async function tried(given: string): Promise<string | undefined> {
  try {
    const { status } = await fetch(addressOf('api/v1/apps', { limit: '1' }), {
      headers: { authorization: `Bearer ${given}` },
    });
    return status === 401 ? 'This server does not know that token.' : undefined;
  } catch {
    return 'The server cannot be reached.';
  }
}
