package dbaccess

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// The databases that users are of.
const (
	adminDatabase    = "admin"
	externalDatabase = "$external"
)

// The most characters of texts. Atlas' specification; for passwords it names none.
const (
	maxUsername        = 1024
	maxPassword        = 1024
	minPassword        = 8
	maxUserDescription = 100
)

// notOf is how a user does not sign in.
const notOf = "NONE"

// DatabaseUserRequest is the body that creates or changes a database user. A field is nil
// if the body lacks it or says null.
type DatabaseUserRequest struct {
	AWSIAMType      *string        `json:"awsIAMType"`      // NONE, USER or ROLE
	DatabaseName    *string        `json:"databaseName"`    // admin if left out, or $external
	DeleteAfterDate *atlas.Time    `json:"deleteAfterDate"` // at most a week ahead
	Description     *string        `json:"description"`     // at most 100 characters
	GroupID         *objectid.ID   `json:"groupId"`         // that of the path
	Labels          []atlas.Tag    `json:"labels"`
	LDAPAuthType    *string        `json:"ldapAuthType"` // NONE, USER or GROUP
	OIDCAuthType    *string        `json:"oidcAuthType"` // NONE, USER or IDP_GROUP
	Password        *string        `json:"password"`     // checked, and not kept
	Roles           []DatabaseRole `json:"roles"`        // required of a new user
	Scopes          []Scope        `json:"scopes"`       // none for all clusters
	Username        *string        `json:"username"`     // required of a new user
	X509Type        *string        `json:"x509Type"`     // NONE, MANAGED or CUSTOMER

	Links any `json:"links"` // what Atlas answers; ignored, of any type
}

// DatabaseRole is a role that a user has on a database.
type DatabaseRole struct {
	CollectionName *string `json:"collectionName,omitempty"`
	DatabaseName   *string `json:"databaseName"` // required
	RoleName       *string `json:"roleName"`     // required
}

// Scope is a cluster, or what else there is, that a user may use.
type Scope struct {
	Name *string `json:"name"` // required
	Type *string `json:"type"` // required: CLUSTER, DATA_LAKE or STREAM
}

// DatabaseUser is a database user with its lists.
type DatabaseUser struct {
	db.DatabaseUser

	// In place of what is stored.
	Labels []atlas.Tag
	Roles  []DatabaseRole
	Scopes []Scope
}

func newDatabaseUser(row db.DatabaseUser) (DatabaseUser, error) {
	user := DatabaseUser{DatabaseUser: row}
	err := errors.Join(
		json.Unmarshal(row.Labels, &user.Labels),
		json.Unmarshal(row.Roles, &user.Roles),
		json.Unmarshal(row.Scopes, &user.Scopes),
	)
	return user, atlas.Wrap(err, "decode database user")
}

// authTypes are the ways to sign in beside a password, each with the database that its
// users are of. Atlas' specification.
var authTypes = []struct {
	field     string
	asked     func(DatabaseUserRequest) *string
	column    func(*db.DatabaseUser) *string
	databases map[string]string
}{
	{
		"awsIAMType", func(r DatabaseUserRequest) *string { return r.AWSIAMType },
		func(u *db.DatabaseUser) *string { return &u.AWSIAMType },
		map[string]string{"USER": externalDatabase, "ROLE": externalDatabase},
	},
	{
		"ldapAuthType", func(r DatabaseUserRequest) *string { return r.LDAPAuthType },
		func(u *db.DatabaseUser) *string { return &u.LDAPAuthType },
		map[string]string{"USER": externalDatabase, "GROUP": adminDatabase},
	},
	{
		"oidcAuthType", func(r DatabaseUserRequest) *string { return r.OIDCAuthType },
		func(u *db.DatabaseUser) *string { return &u.OIDCAuthType },
		map[string]string{"USER": externalDatabase, "IDP_GROUP": adminDatabase},
	},
	{
		"x509Type", func(r DatabaseUserRequest) *string { return r.X509Type },
		func(u *db.DatabaseUser) *string { return &u.X509Type },
		map[string]string{"MANAGED": externalDatabase, "CUSTOMER": externalDatabase},
	},
}

// checkFields checks what does not depend on the user: values and lengths.
func (r DatabaseUserRequest) checkFields(projectID objectid.ID, now time.Time) error {
	if err := checkProject(r.GroupID, projectID); err != nil {
		return err
	}
	for _, kind := range authTypes {
		asked := kind.asked(r)
		if asked != nil && *asked != notOf && kind.databases[*asked] == "" {
			return atlas.NewError(atlas.CodeInvalidEnumValue, *asked)
		}
	}
	for _, text := range []text{
		{"databaseName", r.DatabaseName, atlas.MaxName},
		{"description", r.Description, maxUserDescription},
		{"password", r.Password, maxPassword},
		{"username", r.Username, maxUsername},
	} {
		if text.value != nil && !atlas.HasLength(*text.value, 0, text.most) {
			return atlas.NewError(atlas.CodeValidation, fmt.Sprintf("%s can have at most %d characters", text.name, text.most))
		}
	}
	if r.Password != nil && utf8.RuneCountInString(*r.Password) < minPassword {
		return atlas.NewError(atlas.CodeWeakPassword).
			Fact("password", "shorter", strconv.Itoa(minPassword)+" characters or more")
	}
	if err := r.checkLists(); err != nil {
		return err
	}
	return checkExpiry(r.DeleteAfterDate, now)
}

func (r DatabaseUserRequest) checkLists() error {
	for _, list := range []struct {
		name string
		n    int
	}{{"labels", len(r.Labels)}, {"roles", len(r.Roles)}, {"scopes", len(r.Scopes)}} {
		if err := atlas.CheckElements(list.name, list.n); err != nil {
			return err
		}
	}
	for _, label := range r.Labels {
		err := checkTexts(text{"key", label.Key, atlas.MaxTagText}, text{"value", label.Value, atlas.MaxTagText})
		if err != nil {
			return err
		}
	}
	if r.Roles != nil && len(r.Roles) == 0 {
		return atlas.NewError(atlas.CodeMissingAttribute, "roles")
	}
	for _, role := range r.Roles {
		if err := role.check(); err != nil {
			return err
		}
	}
	for _, scope := range r.Scopes {
		if err := checkTexts(text{"name", scope.Name, atlas.MaxName}, text{"type", scope.Type, atlas.MaxName}); err != nil {
			return err
		}
		switch *scope.Type {
		case "CLUSTER", "DATA_LAKE", "STREAM":
		default:
			return atlas.NewError(atlas.CodeInvalidEnumValue, *scope.Type)
		}
	}
	return nil
}

// text is a field of a body, or of an element of a list in it.
type text struct {
	name  string
	value *string
	most  int
}

// checkTexts returns MISSING_ATTRIBUTE for a text that is not there, and
// VALIDATION_ERROR for one that is empty or too long.
func checkTexts(texts ...text) error {
	for _, text := range texts {
		switch {
		case text.value == nil:
			return atlas.NewError(atlas.CodeMissingAttribute, text.name)
		case !atlas.HasLength(*text.value, 1, text.most):
			return atlas.NewError(atlas.CodeValidation,
				fmt.Sprintf("%s must have from 1 to %d characters", text.name, text.most))
		}
	}
	return nil
}

// builtInRoles are the roles of databases, and whether they are of admin alone. Atlas,
// "Built-in Roles". There are no custom roles here.
var builtInRoles = map[string]bool{
	"atlasAdmin":           true,
	"backup":               true,
	"clusterMonitor":       true,
	"dbAdmin":              false,
	"dbAdminAnyDatabase":   true,
	"enableSharding":       true,
	"read":                 false,
	"readAnyDatabase":      true,
	"readWrite":            false,
	"readWriteAnyDatabase": true,
}

func (r DatabaseRole) check() error {
	err := checkTexts(text{"roleName", r.RoleName, atlas.MaxName}, text{"databaseName", r.DatabaseName, atlas.MaxName})
	if err == nil && r.CollectionName != nil {
		err = checkTexts(text{"collectionName", r.CollectionName, atlas.MaxTagText})
	}
	if err != nil {
		return err
	}
	adminOnly, known := builtInRoles[*r.RoleName]
	switch {
	case !known:
		return atlas.NewError(atlas.CodeInvalidDatabaseRole, *r.RoleName, *r.DatabaseName)
	case adminOnly && *r.DatabaseName != adminDatabase:
		return atlas.NewError(atlas.CodeInvalidRoleDatabase, *r.RoleName, adminDatabase)
	}
	return nil
}

// checkDuplicates returns DUPLICATE_DATABASE_ROLES for a role that a user has twice.
func checkDuplicates(username string, roles []DatabaseRole) error {
	seen := make(map[[3]string]bool, len(roles))
	for _, role := range roles {
		key := [3]string{*role.RoleName, *role.DatabaseName}
		if role.CollectionName != nil {
			key[2] = *role.CollectionName
		}
		if seen[key] {
			return atlas.NewError(atlas.CodeDuplicateDatabaseRoles, username, key[0], key[1])
		}
		seen[key] = true
	}
	return nil
}

// newRow returns the user that the body asks for, but for its id.
func (r DatabaseUserRequest) newRow(projectID objectid.ID, now time.Time) (db.DatabaseUser, error) {
	row := db.DatabaseUser{ProjectID: projectID, CreatedAt: now, DatabaseName: adminDatabase}
	switch {
	case !isSet(r.Username):
		return row, atlas.NewError(atlas.CodeMissingAttribute, "username")
	case r.Roles == nil:
		return row, atlas.NewError(atlas.CodeMissingAttribute, "roles")
	}
	if err := r.checkFields(projectID, now); err != nil {
		return row, err
	}
	row.Username = *r.Username
	if r.DatabaseName != nil {
		row.DatabaseName = *r.DatabaseName
	}
	if err := r.applyTypes(&row); err != nil {
		return row, err
	}
	row.Labels, row.Roles, row.Scopes = []byte("[]"), []byte("[]"), []byte("[]")
	err := r.apply(&row)
	return row, err
}

// applyTypes writes how the user is to sign in to its row, and checks its database.
func (r DatabaseUserRequest) applyTypes(row *db.DatabaseUser) error {
	database := ""
	for _, kind := range authTypes {
		column := kind.column(row)
		*column = notOf
		asked := kind.asked(r)
		if asked == nil || *asked == notOf {
			continue
		}
		if database != "" {
			return atlas.NewError(atlas.CodeInvalidAttribute, kind.field)
		}
		*column, database = *asked, kind.databases[*asked]
	}
	switch {
	case database == "" && r.Password == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "password")
	case database != externalDatabase && row.DatabaseName != adminDatabase:
		return atlas.NewError(atlas.CodeDatabaseNotAdmin)
	case database == externalDatabase && row.DatabaseName != externalDatabase:
		return atlas.NewError(atlas.CodeDatabaseNotExternal)
	}
	return nil
}

// apply writes what the body changes to the row of a user that may be there.
func (r DatabaseUserRequest) apply(row *db.DatabaseUser) error {
	x509 := row.X509Type != notOf
	switch {
	case x509 && r.Password != nil:
		return atlas.NewError(atlas.CodeX509WithPassword)
	case x509 && r.DeleteAfterDate != nil:
		return atlas.NewError(atlas.CodeX509Temporary)
	}
	if err := checkDuplicates(row.Username, r.Roles); err != nil {
		return err
	}
	if r.Description != nil {
		row.Description = *r.Description
	}
	if r.DeleteAfterDate != nil {
		row.DeleteAfter = (*time.Time)(r.DeleteAfterDate)
	}
	for _, list := range []struct {
		column *[]byte
		set    bool
		asked  any
	}{
		{&row.Labels, r.Labels != nil, r.Labels},
		{&row.Roles, r.Roles != nil, r.Roles},
		{&row.Scopes, r.Scopes != nil, r.Scopes},
	} {
		if !list.set {
			continue
		}
		encoded, err := json.Marshal(list.asked)
		if err != nil {
			return fmt.Errorf("encode database user: %w", err)
		}
		*list.column = encoded
	}
	return nil
}

// checkChange refuses to change what a user stays with.
func (r DatabaseUserRequest) checkChange(row db.DatabaseUser) error {
	switch {
	case r.Username != nil && *r.Username != row.Username:
		return atlas.NewError(atlas.CodeUsernameCannotChange).Fact("username", *r.Username, row.Username)
	case r.DatabaseName != nil && *r.DatabaseName != row.DatabaseName:
		return atlas.NewError(atlas.CodeDatabaseNameCannotChange).Fact("databaseName", *r.DatabaseName, row.DatabaseName)
	case r.DeleteAfterDate != nil && row.DeleteAfter == nil && row.X509Type == notOf:
		return atlas.NewError(atlas.CodePermanentCannotBeTemporary).
			Fact("databaseUser", row.ID.String(), "").Fact("deleteAfterDate", "null", "a date from the start")
	}
	for _, kind := range authTypes {
		if asked := kind.asked(r); asked != nil && *asked != *kind.column(&row) {
			return atlas.NewError(atlas.CodeAuthTypeCannotChange).
				Fact("databaseUser", row.ID.String(), "").Fact(kind.field, *asked, *kind.column(&row))
		}
	}
	return nil
}

// databaseUsersNameKey is broken by a second user of a name.
const databaseUsersNameKey = "database_users_project_id_database_name_username_key"

// CreateDatabaseUser adds a database user to the project. It returns an *atlas.Error for
// the first rule that the request breaks, USER_ALREADY_EXISTS if the database has a user
// of that name, and GROUP_USERS_LIMIT_EXCEEDED if the project is full.
func (s *Service) CreateDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, req DatabaseUserRequest,
) (DatabaseUser, error) {
	row, err := req.newRow(project.ProjectID(), project.Now())
	if err != nil {
		return DatabaseUser{}, err
	}
	row.ID = s.env.NewID(row.CreatedAt)
	err = s.change(ctx, project, func(tx pgx.Tx, locked db.Project) error {
		inserted, err := s.q.InsertDatabaseUser(ctx, tx, db.InsertDatabaseUserParams(row))
		if write.IsViolation(err, databaseUsersNameKey) {
			return atlas.NewError(atlas.CodeUserAlreadyExists, row.Username)
		}
		if err != nil {
			return fmt.Errorf("insert database user: %w", err)
		}
		count, err := s.q.CountDatabaseUsers(ctx, tx, row.ProjectID)
		if err != nil {
			return fmt.Errorf("count database users: %w", err)
		}
		row = inserted
		most, err := atlas.LimitDatabaseUsers.Of(locked.Limits)
		if err == nil && count > most {
			err = atlas.NewError(atlas.CodeTooManyDatabaseUsers, strconv.FormatInt(most, 10)).
				Fact("databaseUsers", strconv.FormatInt(count, 10), "at most "+strconv.FormatInt(most, 10))
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, project, row, event.DatabaseUserAdded)
	})
	if err != nil {
		return DatabaseUser{}, err
	}
	return newDatabaseUser(row)
}

// ListDatabaseUsers returns one page of the project's database users, oldest first.
func (s *Service) ListDatabaseUsers(
	ctx context.Context, project atlas.ProjectReader, page atlas.Page,
) (atlas.List[DatabaseUser], error) {
	rows := func(limit int32, offset int64) ([]db.ListDatabaseUsersRow, error) {
		return s.q.ListDatabaseUsers(ctx, s.pool, db.ListDatabaseUsersParams{
			ProjectID: project.ProjectID(), Now: project.Now(), RowLimit: limit, RowOffset: offset,
		})
	}
	users, err := atlas.NewList("database users", page, rows, func(row db.ListDatabaseUsersRow) (db.DatabaseUser, int64) {
		return row.DatabaseUser, row.TotalCount
	})
	if err != nil {
		return atlas.List[DatabaseUser]{}, err
	}
	return atlas.DecodeList(users, newDatabaseUser)
}

// GetDatabaseUser returns the user of a database of the project. It returns
// USERNAME_NOT_FOUND if there is none.
func (s *Service) GetDatabaseUser(
	ctx context.Context, project atlas.ProjectReader, database, username string,
) (DatabaseUser, error) {
	row, err := s.getDatabaseUser(ctx, project, database, username, atlas.CodeUsernameNotFound)
	if err != nil {
		return DatabaseUser{}, err
	}
	return newDatabaseUser(row)
}

func (s *Service) getDatabaseUser(
	ctx context.Context, project atlas.ProjectProof, database, username string, missing atlas.Code,
) (db.DatabaseUser, error) {
	notFound := atlas.NewError(missing, username)
	if !utf8.ValidString(username) || !utf8.ValidString(database) || strings.ContainsRune(username+database, 0) {
		return db.DatabaseUser{}, notFound
	}
	row, err := s.q.GetDatabaseUser(ctx, s.pool, db.GetDatabaseUserParams{
		ProjectID: project.ProjectID(), DatabaseName: database, Username: username, Now: project.Now(),
	})
	return row, atlas.WrapMissing(err, "get database user", notFound)
}

// UpdateDatabaseUser changes a user of the project and returns it. Each list that the
// request has replaces the user's. It returns USERNAME_NOT_FOUND if there is no such user,
// and else an *atlas.Error for the first rule that the request breaks.
func (s *Service) UpdateDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, database, username string, req DatabaseUserRequest,
) (DatabaseUser, error) {
	// Whoever is refused waits for nobody.
	there, err := s.getDatabaseUser(ctx, project, database, username, atlas.CodeUsernameNotFound)
	if err != nil {
		return DatabaseUser{}, err
	}
	if err := req.checkFields(there.ProjectID, project.Now()); err != nil {
		return DatabaseUser{}, err
	}
	if err := req.checkChange(there); err != nil {
		return DatabaseUser{}, err
	}
	if err := req.apply(&there); err != nil {
		return DatabaseUser{}, err
	}
	var updated db.DatabaseUser
	err = s.change(ctx, project, func(tx pgx.Tx, _ db.Project) error {
		row, err := s.q.GetDatabaseUserForUpdate(ctx, tx,
			db.GetDatabaseUserForUpdateParams{ProjectID: there.ProjectID, ID: there.ID})
		if err != nil {
			return err
		}
		if err := req.apply(&row); err != nil {
			return err
		}
		updated, err = s.q.UpdateDatabaseUser(ctx, tx, db.UpdateDatabaseUserParams{
			ProjectID:   row.ProjectID,
			ID:          row.ID,
			Description: row.Description,
			Labels:      row.Labels,
			Roles:       row.Roles,
			Scopes:      row.Scopes,
			DeleteAfter: row.DeleteAfter,
		})
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, project, row, event.DatabaseUserUpdated)
	})
	err = atlas.WrapMissing(err, "update database user", atlas.NewError(atlas.CodeUsernameNotFound, username))
	if err != nil {
		return DatabaseUser{}, err
	}
	return newDatabaseUser(updated)
}

// DeleteDatabaseUser removes a user of the project. It returns USER_NOT_FOUND if there is
// none.
func (s *Service) DeleteDatabaseUser(
	ctx context.Context, project atlas.DatabaseUserWriter, database, username string,
) error {
	there, err := s.getDatabaseUser(ctx, project, database, username, atlas.CodeUserNotFound)
	if err != nil {
		return err // whoever is refused waits for nobody
	}
	return s.change(ctx, project, func(tx pgx.Tx, _ db.Project) error {
		_, err := s.q.DeleteDatabaseUser(ctx, tx, db.DeleteDatabaseUserParams{ProjectID: there.ProjectID, ID: there.ID})
		if err != nil {
			return atlas.WrapMissing(err, "delete database user", atlas.NewError(atlas.CodeUserNotFound, username))
		}
		return s.tell(ctx, tx, project, there, event.DatabaseUserDeleted)
	})
}

// tell writes an event of what the caller does to a user.
func (s *Service) tell(
	ctx context.Context, tx pgx.Tx, project atlas.DatabaseUserWriter, user db.DatabaseUser, of event.Type,
) error {
	return event.Write(ctx, tx,
		event.By(s.env, project).OnProject(user.ProjectID, of, event.Details{DatabaseUser: EventName(user)}))
}

// EventName is how events name a user.
func EventName(user db.DatabaseUser) string {
	if user.X509Type != notOf {
		return "CN=" + user.Username
	}
	return user.Username
}
