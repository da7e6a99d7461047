package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
)

// statementFlags adds the flags that say which statements a command writes.
func statementFlags(cmd *cobra.Command, to *statements.Flags) {
	f := cmd.Flags()
	f.StringVar(&to.File, "statement", "", "append signed in-toto statements about what was found to `FILE`, such as gateway.json.intoto.jsonl")
	f.StringArrayVar(&to.Keys, "key", nil, "sign the statements with the private key in `FILE`, as `blastgauge gate --keygen` makes it; repeatable")
	f.StringArrayVar(&to.Subjects, "subject", nil, "the statements are about this, as `NAME@sha256:DIGEST`, such as an image; repeatable")
	f.StringArrayVar(&to.SubjectFiles, "subject-file", nil, "the statements are about the bytes of `FILE`; repeatable")
	f.StringVar(&to.ValidFor, "valid-for", "", "the statements expire after this `TIME` (default: 72h)")
	f.StringVar(&to.Above, "second-approver-above", "", "two people have to sign where more than this `SHARE` of journeys may be harmed, such as 1%")
	f.StringVar(&to.PageURL, "page-url", "", "the `URL` of a page that shows what was found")
	f.BoolVar(&to.Strict, "strict-intoto", false, "say failed for what is invalid or was not run: the in-toto specification has no word for them")
}

// statements reads what the flags of statements name; nil where they ask for none.
func (a *app) statements(ctx context.Context, f *statements.Flags) (*statements.Writer, error) {
	var w *statements.Writer // no result, which a late read could still set
	err := readNamed(ctx, func() (err error) {
		w, err = f.Prepare()
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}
