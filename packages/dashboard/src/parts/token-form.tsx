import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { signInWith } from '../api/token.ts';
import style from './answer.module.css';

/** A gateway that others can reach asks readers for its token. */
export function TokenForm() {
  const [token, setToken] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== '') signInWith(token.trim());
  };
  return (
    <form className={style.token} onSubmit={submit}>
      <TextInput
        type="password"
        size="xs"
        autoComplete="off"
        aria-label="Token of the gateway"
        placeholder="Token of the gateway"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
      <Button type="submit" size="xs">
        Use it in this tab
      </Button>
    </form>
  );
}
