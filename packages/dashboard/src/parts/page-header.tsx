import { type ReactNode, useEffect } from 'react';
import { Link } from '../routing/link.tsx';
import { Icon } from './icons.tsx';
import style from './page-header.module.css';

interface PageHeaderProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly aside?: ReactNode;
  readonly up?: { readonly to: string; readonly label: string };
}

/** The one h1 of a page; it takes the focus after navigation, so that a screen reader says where one is. */
export function PageHeader({ title, lead, aside, up }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Murmuration`;
  }, [title]);
  return (
    <header className={style.header}>
      <div className={style.words}>
        {up !== undefined && (
          <Link to={up.to} className={style.up}>
            <Icon name="back" size={13} /> {up.label}
          </Link>
        )}
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <div className={style.lead}>{lead}</div>}
      </div>
      {aside !== undefined && <div className={style.aside}>{aside}</div>}
    </header>
  );
}
