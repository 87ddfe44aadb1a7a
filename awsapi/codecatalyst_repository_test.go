package awsapi_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst"
	"github.com/aws/aws-sdk-go-v2/service/codecatalyst/types"

	"github.com/sallyport/sallyport/role"
	"github.com/sallyport/sallyport/sallyporttest"
)

// The SDK's own client makes repositories and branches, and lists them page by page.
func TestCodeCatalystRepositories(t *testing.T) {
	sallyporttest.Each(t, func(t *testing.T, s *sallyporttest.Sallyport) {
		owner, reader := s.User("owner"), s.User("reader")
		acme := owner.Space("acme")
		web := owner.Project(acme, "web")
		reader.Contributes(web, role.ReadOnly)
		ctx, client, in := t.Context(), owner.CodeCatalyst(), aws.String("acme")
		project := aws.String("web")

		made, err := client.CreateSourceRepository(ctx, &codecatalyst.CreateSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("shop"), Description: aws.String("What customers see")})
		if err != nil || *made.Name != "shop" || *made.Description != "What customers see" || *made.SpaceName != "acme" || *made.ProjectName != "web" {
			t.Fatalf("made %+v, %v", made, err)
		}
		if _, err := client.CreateSourceRepository(ctx, &codecatalyst.CreateSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("Shop")}); !errors.As(err, new(*types.ConflictException)) {
			t.Errorf("the name again: %v", err)
		}
		if _, err := reader.CodeCatalyst().CreateSourceRepository(ctx, &codecatalyst.CreateSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("mine")}); !errors.As(err, new(*types.AccessDeniedException)) {
			t.Errorf("a reader makes one: %v", err)
		}
		got, err := reader.CodeCatalyst().GetSourceRepository(ctx, &codecatalyst.GetSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("shop")})
		if err != nil || got.CreatedTime == nil || got.LastUpdatedTime == nil || *got.Name != "shop" {
			t.Errorf("got %+v, %v", got, err)
		}
		urls, err := client.GetSourceRepositoryCloneUrls(ctx, &codecatalyst.GetSourceRepositoryCloneUrlsInput{SpaceName: in, ProjectName: project, SourceRepositoryName: aws.String("shop")})
		if err != nil || *urls.Https != strings.Replace(s.URL(), "://", "://owner@", 1)+"/git/acme/web/shop" {
			t.Errorf("urls %+v, %v", urls, err)
		}
		if _, err := client.CreateSourceRepository(ctx, &codecatalyst.CreateSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("other")}); err != nil {
			t.Fatal(err)
		}
		var names []string
		repositories := codecatalyst.NewListSourceRepositoriesPaginator(client, &codecatalyst.ListSourceRepositoriesInput{SpaceName: in, ProjectName: project, MaxResults: aws.Int32(1)})
		for repositories.HasMorePages() {
			page, err := repositories.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				names = append(names, *item.Name)
			}
		}
		if strings.Join(names, " ") != "other shop" {
			t.Errorf("there are %v", names)
		}

		branch := func(name string, head *string) (*codecatalyst.CreateSourceRepositoryBranchOutput, error) {
			return client.CreateSourceRepositoryBranch(ctx, &codecatalyst.CreateSourceRepositoryBranchInput{SpaceName: in, ProjectName: project, SourceRepositoryName: aws.String("shop"), Name: aws.String(name), HeadCommitId: head})
		}
		first, err := branch("feature/x y", nil)
		if !errors.As(err, new(*types.ValidationException)) {
			t.Errorf("a name with a space: %+v, %v", first, err)
		}
		if first, err = branch("feature/x", nil); err != nil || *first.Ref != "refs/heads/feature/x" || *first.Name != "feature/x" || len(*first.HeadCommitId) != 40 || first.LastUpdatedTime == nil {
			t.Fatalf("branch %+v, %v", first, err)
		}
		if _, err := branch("at", first.HeadCommitId); err != nil {
			t.Error(err)
		}
		for head, want := range map[string]any{strings.Repeat("1", 40): new(*types.ResourceNotFoundException), strings.Repeat("0", 40): new(*types.ResourceNotFoundException), "main": new(*types.ValidationException), "--all": new(*types.ValidationException)} {
			if _, err := branch("from", &head); !errors.As(err, want) {
				t.Errorf("a branch at %q: %v", head, err)
			}
		}
		if _, err := branch("at", nil); !errors.As(err, new(*types.ConflictException)) {
			t.Errorf("the branch again: %v", err)
		}
		names = nil
		branches := codecatalyst.NewListSourceRepositoryBranchesPaginator(client, &codecatalyst.ListSourceRepositoryBranchesInput{SpaceName: in, ProjectName: project, SourceRepositoryName: aws.String("shop"), MaxResults: aws.Int32(2)})
		for branches.HasMorePages() {
			page, err := branches.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				names = append(names, *item.Name)
			}
		}
		if strings.Join(names, " ") != "at feature/x main" {
			t.Errorf("there are %v", names)
		}

		if _, err := reader.CodeCatalyst().DeleteSourceRepository(ctx, &codecatalyst.DeleteSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("shop")}); !errors.As(err, new(*types.AccessDeniedException)) {
			t.Errorf("a reader deletes it: %v", err)
		}
		if _, err := client.DeleteSourceRepository(ctx, &codecatalyst.DeleteSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("shop")}); err != nil {
			t.Error(err)
		}
		if _, err := client.GetSourceRepository(ctx, &codecatalyst.GetSourceRepositoryInput{SpaceName: in, ProjectName: project, Name: aws.String("shop")}); !errors.As(err, new(*types.ResourceNotFoundException)) {
			t.Errorf("it is still there: %v", err)
		}
		// With the project goes what is left, and its folders.
		if _, err := client.DeleteProject(ctx, &codecatalyst.DeleteProjectInput{SpaceName: in, Name: project}); err != nil {
			t.Fatal(err)
		}
		s.Eventually("the folders are gone", func() bool {
			left, err := os.ReadDir(filepath.Join(s.Data, "repositories"))
			return err == nil && len(left) == 0
		})
	})
}
