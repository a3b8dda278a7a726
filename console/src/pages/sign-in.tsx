// A token for this tab. It is tried before it is taken, so that a wrong one is said here and nowhere else.

import { useState } from 'preact/hooks';
import { addressOf } from '../api/http.ts';
import { Trouble } from '../parts/bits.tsx';
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
